"""The character model: weights, predictions, character sizes, writer adaptation, ONNX export."""
