/**
 * ONNX Runtime, as everything here imports it. Since 1.30 it reports its use to its makers' servers, and leaves files in
 * the temporary folder for it, unless it is told not to before the first session.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';

export { default } from 'onnxruntime-node';
