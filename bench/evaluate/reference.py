"""Writes what published programs say of the fields of test/unit/evaluate/fields.ts, for the tests to compare with.

  pip install pysodmetrics==1.6.2 opencv-python-headless
  pip download --no-deps mmedit==0.16.1 && unzip mmedit-0.16.1-*.whl -d mmedit
  python bench/evaluate/reference.py mmedit > test/unit/evaluate/reference.json

pysodmetrics is by the authors of many papers on salient objects; mmedit (OpenMMLab, Apache-2.0) has the errors of alpha
matting after the MATLAB program of "Deep Image Matting". Two of its files are loaded alone: the rest needs PyTorch.
"""

import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np
import py_sod_metrics as sod

WIDTH, HEIGHT = 64, 48


def disc(cx, cy, rx, ry, soft):
    """255 inside an ellipse, 0 outside, `soft` thousandths of its radius squared in between. Whole numbers only."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    distance = (x - cx) ** 2 * 1000 // rx**2 + (y - cy) ** 2 * 1000 // ry**2
    return np.clip((1000 + soft - distance) * 255 // (2 * soft), 0, 255)


def noise(seed, amount):
    """-amount..amount, after Park and Miller's generator."""
    values = np.zeros(WIDTH * HEIGHT, np.int64)
    state = seed
    for at in range(values.size):
        state = state * 16807 % 2147483647
        values[at] = state % (2 * amount + 1) - amount
    return values.reshape(HEIGHT, WIDTH)


def clamp(values):
    return np.clip(values, 0, 255).astype(np.uint8)


def fields():
    empty = np.zeros((HEIGHT, WIDTH), np.int64)
    one = disc(30, 22, 17, 14, 1)
    two = np.maximum(disc(16, 24, 10, 9, 1), disc(48, 20, 9, 12, 1))
    hair = disc(32, 24, 20, 15, 600)
    pieces = np.maximum(disc(20, 24, 14, 14, 400), disc(50, 30, 9, 10, 800))
    corner = disc(3, 4, 30, 25, 1)
    return {
        "near": (disc(32, 23, 17, 14, 90) + noise(1, 20), one),
        "one-of-two": (np.maximum(disc(17, 25, 10, 9, 60), disc(60, 44, 2, 2, 1)), two),
        "noise-on-corner": (noise(2, 127) + 127, corner),
        "nothing-found": (empty, one),
        "all-found": (empty + 255, one),
        "no-subject": (noise(3, 30), empty),
        "all-subject": (noise(4, 40) + 220, empty + 255),
        "hair": (disc(33, 24, 19, 15, 450) + noise(5, 12) * (hair > 0) * (hair < 255), hair),
        "pieces": (np.maximum(disc(21, 23, 14, 14, 300), disc(50, 30, 8, 10, 500)), pieces),
    }


def trimap():
    """Background, unknown and subject around the field "hair"."""
    return np.where(disc(32, 24, 13, 9, 1) > 0, 255, np.where(disc(32, 24, 27, 21, 1) > 0, 128, 0)).astype(np.uint8)


def sod_scores(matte, truth):
    scores = {}
    gt = truth > 128
    pred = matte / 255
    f = sod.Fmeasure()
    f.step(pred, gt, normalize=False)
    curve = f.get_results()["fm"]
    scores["maxF"], scores["meanF"], scores["adaptiveF"] = curve["curve"].max(), curve["curve"].mean(), curve["adp"]
    e = sod.Emeasure()
    e.step(pred, gt, normalize=False)
    curve = e.get_results()["em"]
    scores["maxE"], scores["meanE"], scores["adaptiveE"] = curve["curve"].max(), curve["curve"].mean(), curve["adp"]
    s = sod.Smeasure()
    s.step(pred, gt, normalize=False)
    scores["s"] = s.get_results()["sm"]
    weighted = sod.WeightedFmeasure()
    weighted.step(pred, gt, normalize=False)
    scores["weightedF"] = weighted.get_results()["wfm"]
    mae = sod.MAE()
    mae.step(pred, gt, normalize=False)
    scores["mae"] = mae.get_results()["mae"]
    found = matte >= 128
    union = (found | gt).sum()
    scores["iou"] = (found & gt).sum() / union if union else 1
    return {name: float(value) for name, value in scores.items()}


def load_mmedit(folder):
    for name in ["mmcv", "mmedit", "mmedit.datasets", "mmedit.datasets.pipelines", "mmedit.core", "mmedit.core.evaluation"]:
        sys.modules[name] = types.ModuleType(name)
    resize = types.ModuleType("mmedit.datasets.pipelines.matlab_like_resize")
    resize.MATLABLikeResize = None
    sys.modules[resize.__name__] = resize
    for name in ["metric_utils", "metrics"]:
        whole = f"mmedit.core.evaluation.{name}"
        spec = importlib.util.spec_from_file_location(whole, Path(folder) / f"mmedit/core/evaluation/{name}.py")
        sys.modules[whole] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[whole])
    return sys.modules["mmedit.core.evaluation.metrics"]


def alpha_scores(mmedit, matte, truth, known):
    masked = np.where(known == 128, matte, known).astype(np.uint8)
    return {
        "sad": float(mmedit.sad(truth, known, masked)) if (known == 128).all() else band_sad(masked, truth, known),
        "mse": float((((masked / 255 - truth / 255) ** 2)[known == 128]).mean()),
        "gradient": float(mmedit.gradient_error(truth, known, masked)),
        "connectivity": float(mmedit.connectivity(truth, known, masked)),
    }


def band_sad(matte, truth, known):
    """mmedit takes for granted that the truth agrees with the trimap where that knows."""
    return float(np.abs(matte / 255 - truth / 255)[known == 128].sum() / 1000)


def main():
    mmedit = load_mmedit(sys.argv[1])
    everywhere = np.full((HEIGHT, WIDTH), 128, np.uint8)
    result = {}
    for name, (matte, truth) in fields().items():
        matte, truth = clamp(matte), clamp(truth)
        result[name] = {"scores": sod_scores(matte, truth)}
        # mmedit stretches what does not reach from 0 to 255, which the definition does not.
        if all(plane.min() == 0 and plane.max() == 255 for plane in (matte, truth)):
            result[name]["alpha"] = alpha_scores(mmedit, matte, truth, everywhere)
    matte, truth = (clamp(plane) for plane in fields()["hair"])
    result["hair"]["band"] = alpha_scores(mmedit, matte, truth, trimap())
    print(json.dumps(result, indent=2))


main()
