"""The text-line model: network, decoding, language model, ONNX export."""
