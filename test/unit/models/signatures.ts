import { toBinary } from '@bufbuild/protobuf';
import type { CatalogueModel } from '../../../src/models/catalogue.js';
import {
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from '../../../src/models/onnx/onnx_pb.js';
import { cast, floats, graphOf, int64s, modelOf, node, value } from './graphs.js';

export interface SignatureOptions {
  /** Of what goes in and comes out; float32 unless given. */
  readonly ends?: 'float32' | 'float16';
  /** Of the outputs: `N x 1 x H x W` unless given. */
  readonly output?: 'full' | 'squeezed' | 'interleaved' | 'alone';
  /** Whether height and width are free, as of an export with dynamic axes. */
  readonly isDynamic?: boolean;
  /** Outputs beside the matte, of its negative. */
  readonly others?: readonly string[];
  /** Whether the matte comes behind them. */
  readonly isLast?: boolean;
}

/**
 * The file of a network with the signature of this model and no training: its matte is the red of the picture, as it was
 * before the normalisation, so a wrong mean, deviation, order, layout or activation shows in it.
 */
export function signatureNetwork(model: CatalogueModel, options: SignatureOptions = {}): Buffer {
  const { input, output } = model;
  const { ends = 'float32', output: form = 'full', isDynamic = false, others = [], isLast = false } = options;
  const side = isDynamic ? 'side' : input.side;
  const red = input.order === 'rgb' ? 0 : 2;
  const weights = [0, 1, 2].map((channel) => (channel === red ? (input.std[red] ?? 1) : 0));
  const { FLOAT, FLOAT16 } = DataType;
  const type = ends === 'float16' ? FLOAT16 : FLOAT;
  const planes = input.layout === 'nhwc' ? 'planes' : input.name;
  const nodes: NodeProto[] = [];
  if (input.layout === 'nhwc')
    nodes.push(node('Transpose', [input.name], ['planes'], { perm: [0, 3, 1, 2] }));
  if (ends === 'float16') nodes.push(cast(planes, 'wide', FLOAT));
  nodes.push(
    node('Conv', [ends === 'float16' ? 'wide' : planes, 'weights', 'bias'], ['red'], {
      kernel_shape: [1, 1],
    }),
    // Never certain, or its logit would be infinite.
    node('Clip', ['red', 'least', 'most'], ['share']),
  );
  let matte = 'share';
  if (output.activation === 'sigmoid') {
    nodes.push(
      node('Sub', ['one', 'share'], ['rest']),
      node('Div', ['share', 'rest'], ['odds']),
      node('Log', ['odds'], ['logit']),
    );
    matte = 'logit';
  }
  const [low, high] = output.range;
  nodes.push(
    node('Mul', [matte, 'scale'], ['scaled']),
    node('Add', ['scaled', 'offset'], ['ranged']),
    node('Neg', ['ranged'], ['other']),
  );
  if (ends === 'float16') nodes.push(cast('ranged', 'halved', FLOAT16));
  const last = ends === 'float16' ? 'halved' : 'ranged';
  const reshape: Record<NonNullable<SignatureOptions['output']>, NodeProto> = {
    full: node('Identity', [last], [output.name]),
    squeezed: node('Squeeze', [last, 'channel axis'], [output.name]),
    interleaved: node('Transpose', [last], [output.name], { perm: [0, 2, 3, 1] }),
    alone: node('Squeeze', [last, 'both axes'], [output.name]),
  };
  nodes.push(reshape[form], ...others.map((name) => node('Identity', ['other'], [name])));
  const shapes = {
    full: ['N', 1, side, side],
    squeezed: ['N', side, side],
    interleaved: ['N', side, side, 1],
    alone: [side, side],
  } as const;
  const picture =
    input.layout === 'nhwc' ? ['batch', side, side, 3] : [isDynamic ? 'batch' : 1, 3, side, side];
  const tensors: TensorProto[] = [
    floats('weights', [1, 3, 1, 1], weights),
    floats('bias', [1], [input.mean[red] ?? 0]),
    floats('least', [], [0.001]),
    floats('most', [], [0.999]),
    floats('one', [], [1]),
    floats('scale', [], [high - low]),
    floats('offset', [], [low]),
    int64s('channel axis', [1]),
    int64s('both axes', [0, 1]),
  ];
  const outputs = [
    value(output.name, type, shapes[form]),
    ...others.map((name) => value(name, FLOAT, ['N', 1, side, side])),
  ];
  return Buffer.from(
    toBinary(
      ModelProtoSchema,
      modelOf(
        graphOf({
          nodes,
          tensors,
          inputs: [value(input.name, type, picture)],
          outputs: isLast ? outputs.reverse() : outputs,
        }),
      ),
    ),
  );
}
