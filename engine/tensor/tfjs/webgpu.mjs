// The library's WebGPU backend: its class and all its kernels. It is evaluated only where that backend is opened.
import '@tensorflow/tfjs-backend-webgpu/dist/register_all_kernels';

export { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu/dist/backend_webgpu';
