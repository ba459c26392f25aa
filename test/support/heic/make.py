# Made the files beside it: python make.py, with pillow-heif 1.8 from PyPI. Node has no encoder for HEIC.
# Each shows four fields: red, green / blue, white (64 x 48 pixels upright).
import numpy
import pillow_heif
from PIL import Image

WIDTH, HEIGHT = 64, 48
fields = numpy.zeros((HEIGHT, WIDTH, 3), numpy.uint8)
fields[: HEIGHT // 2, : WIDTH // 2] = (230, 20, 20)
fields[: HEIGHT // 2, WIDTH // 2 :] = (20, 200, 40)
fields[HEIGHT // 2 :, : WIDTH // 2] = (20, 40, 220)
fields[HEIGHT // 2 :, WIDTH // 2 :] = (250, 250, 250)

pillow_heif.register_heif_opener()
Image.fromarray(fields).save("upright.heic", quality=90)

# Stored on its side, with the EXIF tag that turns it; pillow-heif writes that as the box `irot`.
exif = Image.Exif()
exif[274] = 6
turned = pillow_heif.from_pillow(Image.fromarray(numpy.ascontiguousarray(numpy.rot90(fields, 1))))
turned.save("turned.heic", quality=90, exif=exif.tobytes())

# 10 bits, and the lower half transparent.
deep = numpy.zeros((HEIGHT, WIDTH, 4), numpy.uint16)
deep[..., :3] = fields.astype(numpy.uint16) * 257
deep[: HEIGHT // 2, :, 3] = 65535
heif = pillow_heif.from_bytes(mode="RGBA;16", size=(WIDTH, HEIGHT), data=deep.tobytes())
heif.save("deep-alpha.heic", quality=90)

# Much picture in few bytes.
Image.new("RGB", (2400, 1800), (90, 120, 150)).save("large-plain.heic", quality=30)
