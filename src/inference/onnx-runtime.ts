import ort from 'onnxruntime-node';

/**
 * ONNX Runtime, as everything here imports it. Since 1.30 it reports its use to its makers' servers, and leaves files in
 * the temporary folder for it, unless it is told not to before the first session.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
// What goes wrong it throws as well; on the terminal it would stand beside our own words, in red.
ort.env.logLevel = 'fatal';

export { default } from 'onnxruntime-node';
