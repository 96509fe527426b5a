export { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu/dist/backend_webgpu';
