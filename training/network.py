"""A prepared float32 network as a torch module, of which the channels of every convolution can be trained."""

import numpy as np
import onnx
import torch
import torch.nn.functional as functional
from onnx import helper, numpy_helper
from PIL import Image

BILINEAR = Image.Resampling.BILINEAR


class Network(torch.nn.Module):
    """
    Runs the graph that `clearcut models prepare` makes: convolutions, pooling, enlarging, joining. Takes N x 3 x side x side
    and gives logits, N x 1 x side x side. What is trained is, for each channel of each convolution, the logarithm of a
    factor (`gains`) and a shift (`shifts`) in standard deviations of the channel (`deviations`).
    """

    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        constants = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
        self.input = graph.input[0].name
        self.output = graph.output[0].name
        self.side = graph.input[0].type.tensor_type.shape.dim[2].dim_value
        self.weights = {}
        self.deviations = {}
        self.gains = torch.nn.ParameterDict()
        self.shifts = torch.nn.ParameterDict()
        self.steps = []
        for node in graph.node:
            attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            inputs = [name for name in node.input if name and name not in constants]
            step = {"kind": node.op_type, "inputs": inputs, "output": node.output[0], "attributes": attributes}
            if node.op_type == "Conv":
                weights = constants[node.input[1]].contiguous(memory_format=torch.channels_last)
                bias = constants[node.input[2]]
                self.weights[node.output[0]] = (weights, bias)
                self.gains[node.output[0]] = torch.nn.Parameter(torch.zeros(len(bias)))
                self.shifts[node.output[0]] = torch.nn.Parameter(torch.zeros(len(bias)))
                self.deviations[node.output[0]] = torch.ones(len(bias))
            if node.op_type == "Resize":
                step["scale"] = float(constants[node.input[2]][2])
            self.steps.append(step)
        last_use = {name: at for at, step in enumerate(self.steps) for name in step["inputs"]}
        for at, step in enumerate(self.steps):
            step["done"] = [name for name in step["inputs"] if last_use[name] == at]

    def forward(self, pictures, see=None):
        """`see(value, tensor)` is shown what every convolution gives."""
        values = {self.input: pictures.contiguous(memory_format=torch.channels_last)}
        for step in self.steps:
            result = self.run(step, [values[name] for name in step["inputs"]])
            if see is not None and step["kind"] == "Conv":
                see(step["output"], result)
            for name in step["done"]:
                values.pop(name, None)
            values[step["output"]] = result
        return values[self.output].float()

    def run(self, step, inputs):
        match step["kind"]:
            case "Conv":
                return self.convolve(step, inputs[0])
            case "Relu":
                return functional.relu(inputs[0])
            case "MaxPool":
                return functional.max_pool2d(inputs[0], 2, 2, ceil_mode=bool(step["attributes"].get("ceil_mode", 0)))
            case "Resize":
                return functional.interpolate(inputs[0], scale_factor=step["scale"], mode="bilinear", align_corners=False)
            case "Concat":
                return torch.cat(inputs, 1)
            case "Add":
                return inputs[0] + inputs[1]
            case "Sigmoid":
                return inputs[0]  # The loss wants logits.
            case kind:
                raise SystemExit(f"adapt.py cannot train a network with {kind}")

    def convolve(self, step, features):
        attributes = step["attributes"]
        weights, bias = self.weights[step["output"]]
        made = functional.conv2d(
            features,
            weights.to(features.dtype),
            None,
            attributes.get("strides", [1, 1]),
            attributes.get("pads", [0, 0, 0, 0])[:2],
            attributes.get("dilations", [1, 1]),
        )
        gain, shift = self.channels(step["output"])
        moved = bias * gain + shift
        return made * gain.to(made.dtype)[:, None, None] + moved.to(made.dtype)[:, None, None]

    def channels(self, value):
        """What the results of a convolution are multiplied by, and what is added then."""
        return torch.exp(self.gains[value]), self.shifts[value] * self.deviations[value]

    @torch.no_grad()
    def measure_deviations(self, batches):
        """Shifts are counted in deviations, so that one learning rate suits all channels."""
        found = {}
        for pictures in batches:
            self(pictures, see=lambda value, made: found.setdefault(value, []).append(made.float().std((0, 2, 3))))
        for value, each in found.items():
            self.deviations[value] = torch.stack(each).mean(0)


def tensor_of(picture, side):
    """RGB as the network takes it, for a mean of 0.5 and a deviation of 1: 3 x side x side, -0.5 to 0.5."""
    stretched = np.asarray(picture.resize((side, side), BILINEAR), np.float32)
    return torch.from_numpy(stretched.transpose(2, 0, 1) / 255 - 0.5)
