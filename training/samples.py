"""Pictures with mattes to learn from: photographs, with the published network's own, and cut-outs before backgrounds."""

import io
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from network import BILINEAR, tensor_of

LONGEST = 400
# How often a background is plain, as in a studio, and a subject drawn, as in clip art.
PLAIN = 0.3
DRAWN = 0.15
ASPECTS = [(400, 300), (400, 267), (300, 400), (400, 320), (400, 400)]


def open_pictures(folder, mode="RGB", longest=1600):
    pictures = []
    for file in sorted(Path(folder).rglob("*")):
        if file.suffix.lower() not in {".jpg", ".jpeg", ".png", ".webp"}:
            continue
        picture = Image.open(file).convert(mode)
        picture.thumbnail((longest, longest))
        pictures.append(picture)
    return pictures


def open_cut_outs(folder):
    """Pictures with transparency, cropped to what is not transparent."""
    pictures = []
    for picture in open_pictures(folder, "RGBA"):
        box = picture.getchannel("A").point(lambda level: 255 if level > 20 else 0).getbbox()
        if box is not None and min(box[2] - box[0], box[3] - box[1]) >= 100:
            pictures.append(picture.crop(box))
    return pictures


def crop(picture, smallest):
    """A part of a picture with sides of at least `smallest` of its own."""
    share = random.uniform(smallest, 1)
    width, height = int(picture.width * share), int(picture.height * share)
    left, top = random.randint(0, picture.width - width), random.randint(0, picture.height - height)
    part = picture.crop((left, top, left + width, top + height))
    part.thumbnail((LONGEST, LONGEST))
    return part


def compose(cut_outs, backgrounds):
    """A cut-out somewhere before a part of a background, with its own alpha (0 to 1)."""
    width, height = random.choice(ASPECTS)
    subject = draw_subject() if random.random() < DRAWN else random.choice(cut_outs)
    if random.random() < PLAIN:
        picture = draw_background(width, height)
    else:
        picture = part_of(random.choice(backgrounds), width, height)
    scale = (random.uniform(0.06, 0.55) * width * height / (subject.width * subject.height)) ** 0.5
    scale = min(scale, 0.95 * width / subject.width, 0.95 * height / subject.height)
    subject = subject.resize((max(8, int(subject.width * scale)), max(8, int(subject.height * scale))), BILINEAR)
    at = (place(width - subject.width, 0.5), place(height - subject.height, 0.6))
    picture.paste(subject, at, subject)
    matte = Image.new("L", (width, height))
    matte.paste(subject.getchannel("A"), at)
    compressed = io.BytesIO()
    picture.save(compressed, "JPEG", quality=random.randint(70, 95))
    return Image.open(compressed).convert("RGB"), Image.fromarray(np.asarray(matte, np.float32) / 255)


def part_of(background, width, height):
    across = min(background.width, background.height * width // height)
    across = int(across * random.uniform(0.4, 1))
    down = across * height // width
    left, top = random.randint(0, background.width - across), random.randint(0, background.height - down)
    return background.crop((left, top, left + across, top + down)).resize((width, height), BILINEAR)


def draw_background(width, height):
    """Of one colour, or from one to another; half of them are light."""
    colours = [any_colour(), any_colour()]
    if random.random() < 0.5:
        colours = [tuple(200 + part // 5 for part in colour) for colour in colours]
    share = np.linspace(0, random.choice([0, 1]), height)[:, None, None]
    rows = np.array(colours[0]) * (1 - share) + np.array(colours[1]) * share
    return Image.fromarray(np.broadcast_to(rows, (height, width, 3)).astype(np.uint8))


def draw_subject():
    """A few shapes in plain colours that overlap."""
    picture = Image.new("RGBA", (300, 300))
    draw = ImageDraw.Draw(picture)
    for _ in range(random.randint(1, 4)):
        left, top = random.randint(0, 120), random.randint(0, 120)
        box = (left, top, random.randint(180, 299), random.randint(180, 299))
        random.choice([draw.ellipse, draw.rectangle])(box, fill=(*any_colour(), 255))
    return picture.crop(picture.getbbox())


def any_colour():
    return tuple(random.choice([0, 255, random.randint(0, 255)]) for _ in range(3))


def place(room, middle):
    return int(room * min(1, max(0, random.gauss(middle, 0.2))))


@torch.no_grad()
def taught(teacher, pictures):
    """Each picture with the matte that the published network gives it at its own side."""
    pairs = []
    for picture in pictures:
        matte = torch.sigmoid(teacher(tensor_of(picture, teacher.side)[None].bfloat16()))[0, 0]
        pairs.append((picture, Image.fromarray(matte.numpy()).resize((512, 512), Image.Resampling.BOX)))
        print(f"\r{len(pairs)} of {len(pictures)} pictures taught", end="", flush=True)
    print()
    return pairs


def tensors(pair, side):
    picture, matte = pair
    if random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        matte = matte.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return tensor_of(picture, side), torch.from_numpy(np.array(matte.resize((side, side), BILINEAR)))[None]
