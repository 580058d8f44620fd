"""Cutting the text lines out of a picture, given where they lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from handwriting.imaging.contrast import normalised, paper_of
from handwriting.imaging.text_lines import TextLine
from handwriting.pages.layout_maps import LayoutMaps

CORE = 24
ABOVE, BELOW = 1.9, 1.7
BEYOND = 1.0
WITHIN = 0.5
STIFF = 30.0
SOLID = 110
KERNEL = 31
WINDOW = 6
MASK_ALL = False
RENORM = False
LEVEL = 4.0
FLOAT_UP, FLOAT_DOWN = 1.2, 0.8
FLOAT_HIGH, FLOAT_WIDE = 1.0, 1.6
TOL = 3
QUOT = False
PATH_STEP = 1.0
BOX = "all"
FLOATS = True
OWN = True
DUST = 0.005
LEAST_CORE = 0.02


@dataclass(frozen=True)
class Strip:
    contrast: np.ndarray
    box: tuple
    to_picture: Callable


@dataclass(frozen=True)
class _Grid:
    x: np.ndarray
    y: np.ndarray
    first: float  # column of the line's first point
    last: float


def _smooth(points, stiff):
    n = len(points)
    if n < 4:
        return points
    second = np.diff(np.eye(n), 2, axis=0)
    return np.linalg.solve(np.eye(n) + stiff * second.T @ second, points)


def _path(line):
    """columns of strip -> middles, downs (unit*height/CORE)"""
    pts, h = line.points.astype(float), np.maximum(line.heights.astype(float), 2)
    d = np.r_[0, np.cumsum(np.linalg.norm(np.diff(pts, axis=0), axis=1))]
    usual = float(np.median(h))
    n = max(2, int(np.ceil(d[-1] / (PATH_STEP * usual))) + 1)
    s = np.linspace(0, d[-1], n)
    p = np.stack([np.interp(s, d, pts[:, k]) for k in (0, 1)] + [np.interp(s, d, h)], 1)
    p = _smooth(p, STIFF / PATH_STEP**4)
    hs = np.maximum(p[:, 2], 0.3 * usual)
    p = p[:, :2]
    t = np.gradient(p, axis=0)
    t /= np.maximum(np.linalg.norm(t, axis=1, keepdims=True), 1e-9)
    seg = np.linalg.norm(np.diff(p, axis=0), axis=1)
    u = np.r_[0, np.cumsum(seg * CORE / ((hs[1:] + hs[:-1]) / 2))]
    ext = BEYOND * CORE
    u = np.r_[-ext, u, u[-1] + ext]
    p = np.concatenate((p[:1] - t[:1] * hs[0] * BEYOND, p, p[-1:] + t[-1:] * hs[-1] * BEYOND))
    hs = np.r_[hs[0], hs, hs[-1]]
    t = np.concatenate((t[:1], t, t[-1:]))
    cols = np.arange(int(np.ceil(u[-1] - u[0])) + 1) + u[0]
    at = lambda v: np.interp(cols, u, v)
    down = np.stack((-at(t[:, 1]), at(t[:, 0])), 1) * (at(hs) / CORE)[:, None]
    return np.stack((at(p[:, 0]), at(p[:, 1])), 1), down, ext


def nearest_maps(lines, shape, step):
    h, w = (int(np.ceil(v / step)) for v in shape)
    core = np.zeros((h, w), np.int16)
    for k, line in enumerate(lines):
        cv2.fillPoly(core, [np.round(line.outline() / step - 0.5).astype(np.int32)], k + 1)
        cv2.polylines(core, [np.round(line.points / step - 0.5).astype(np.int32)], False, k + 1)
    if not core.any():
        return core, core
    _, lab = cv2.distanceTransformWithLabels((core == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of = np.zeros(int(lab.max()) + 1, np.int16)
    of[lab[core > 0]] = core[core > 0]
    return core, of[lab]


def strips_of(colours, lines: Sequence[TextLine], maps: LayoutMaps | None = None, only=None):
    if not lines:
        return []
    usual = float(np.median([line.height for line in lines]))
    step = max(1.0, usual / 6)
    core, nearest = nearest_maps(lines, colours.shape[:2], step)
    window = int(min(*colours.shape[:2], WINDOW * usual))
    levels = [_difference(colours, paper_of(colours, window, KERNEL))]
    rules = None if maps is None else (maps.rules, maps.step)
    return [_strip(levels, line, k + 1, core, nearest, step, rules) for k, line in enumerate(lines) if only is None or k in only]


def _difference(colours, paper):
    dark, light = (_largest(cv2.split(cv2.subtract(a, b))) for a, b in ((paper, colours), (colours, paper)))
    return np.where(dark >= light, dark.astype(np.int16), -light.astype(np.int16))


def _largest(channels):
    return cv2.max(cv2.max(channels[0], channels[1]), channels[2])


def _level(levels, height):
    k = max(0, int(np.ceil(np.log2(height / (1.5 * CORE)))))
    while len(levels) <= k:
        s = levels[-1]
        levels.append(cv2.resize(s, (max(1, (s.shape[1] + 1) // 2), max(1, (s.shape[0] + 1) // 2)), interpolation=cv2.INTER_AREA))
    return levels[k]


def _strip(levels, line, own, core, nearest, step, maps):
    middle, down, ext = _path(line)
    rows = np.arange(-int((ABOVE + 0.5) * CORE), int((BELOW + 0.5) * CORE) + 1)
    x = (middle[:, 0] + rows[:, None] * down[:, 0]).astype(np.float32)
    y = (middle[:, 1] + rows[:, None] * down[:, 1]).astype(np.float32)
    H, W = levels[0].shape[:2]
    inside = (x >= -0.5) & (x <= W - 0.5) & (y >= -0.5) & (y <= H - 0.5)
    if not inside.any():
        return None
    im = _level(levels, line.height)
    fx, fy = im.shape[1] / W, im.shape[0] / H
    strip = cv2.remap(im, (x + 0.5) * fx - 0.5, (y + 0.5) * fy - 0.5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    band = strip[np.abs(rows) <= 0.7 * CORE]
    if 1.3 * np.percentile(band, 98) < np.percentile(-band, 98):
        strip = -strip
    raw = np.clip(strip, 0, 255).astype(np.uint8)
    con = normalised(raw)
    to = lambda m, inter: cv2.remap(m, (x + 0.5) / step - 0.5, (y + 0.5) / step - 0.5, inter, borderMode=cv2.BORDER_REPLICATE)
    kept, box = _own(con, to(core, cv2.INTER_NEAREST), to(nearest, cv2.INTER_NEAREST), own, rows, ext, inside)
    if box is None:
        return None
    raw = np.where(kept, raw, 0).astype(np.uint8)
    con = normalised(raw) if RENORM else np.where(kept, con, 0).astype(np.uint8)

    def to_picture(points):
        c = np.arange(len(middle))
        f = lambda v: np.stack([np.interp(points[:, 0], c, v[:, k]) for k in (0, 1)], 1)
        return f(middle) + (points[:, 1:] + rows[0]) * f(down)

    return Strip(con, box, to_picture)


def _own(con, cores, nearest, own, rows, ext, inside):
    solid = (con > SOLID).astype(np.uint8)
    if LEVEL:
        level = cv2.morphologyEx(cv2.dilate(solid, np.ones((TOL, 1), np.uint8)), cv2.MORPH_OPEN, np.ones((1, int(LEVEL * CORE)), np.uint8))
        solid[level > 0] = 0
    n, lab, facts, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    if n == 1:
        return None, None
    mine = nearest == own
    h, w = con.shape
    band = np.zeros(con.shape, bool)
    e = int(max(0, ext - WITHIN * CORE))
    band[np.abs(rows) <= 0.5 * CORE, e:w - e] = True
    band &= mine

    def count(mask):
        return np.bincount(lab[mask], minlength=n)

    area = facts[:, 4]
    in_core, in_other, in_mine = count(band), count((cores > 0) & (cores != own)), count(mine)
    top, bottom = facts[:, 1], facts[:, 1] + facts[:, 3]
    # cut by the strip, inside the picture
    edge = np.zeros(n, bool)
    for r in (0, h - 1):
        edge[np.unique(lab[r][inside[r]])] = True
    least = np.maximum(DUST * CORE**2, 2)
    body = (in_core > LEAST_CORE * area) & (in_core > 0) & (area >= least)
    whole = body & (in_other == 0) & ~edge
    split = body & ~whole
    up, dn = (-0.5 - FLOAT_UP) * CORE - rows[0], (0.5 + FLOAT_DOWN) * CORE - rows[0]
    mid = (top + bottom) / 2
    x0, x1 = facts[:, 0], facts[:, 0] + facts[:, 2]
    near = (x1 > e) & (x0 < w - e)
    floating = ~body & (in_other == 0) & ~edge & (in_mine > 0.5 * area) & (area >= least) & (facts[:, 2] <= FLOAT_WIDE * CORE) & (facts[:, 3] <= FLOAT_HIGH * CORE) & (mid > up) & (mid < dn) & near
    if not FLOATS:
        floating[:] = False
    for a in (whole, split, floating):
        a[0] = False
    if not OWN:
        whole = np.ones(n, bool); whole[0] = False
    kept = (whole | floating)[lab] | (split[lab] & mine)
    boxed = kept if BOX == "all" else ((whole[lab] | (split[lab] & mine)))
    if not boxed.any():
        boxed = kept
    if not boxed.any():
        return None, None
    r, c = np.flatnonzero(boxed.any(1)), np.flatnonzero(boxed.any(0))
    box = int(c[0]), int(r[0]), int(c[-1]) + 1, int(r[-1]) + 1
    grown = cv2.dilate(kept.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if MASK_ALL:
        return grown, box
    foreign = (in_other > 0) | edge | (in_mine < 0.5 * area) | (in_mine == 0)
    foreign[0] = False
    others = cv2.dilate((foreign[lab] & ~kept).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    free = ~others & mine
    return grown | free, box
