import { NanobardError } from '../../errors.ts';

/** Compiles kernels, each text once. */
export class Pipelines {
  private readonly device: GPUDevice;
  private readonly byCode = new Map<string, Promise<GPUComputePipeline>>();
  private readonly layouts: GPUBindGroupLayout[] = [];

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** @throws {NanobardError} code `internal` if the kernel `label` does not compile. */
  get(label: string, code: string, bindings: number): Promise<GPUComputePipeline> {
    const pipeline = this.byCode.get(code) ?? this.compile(label, code, bindings);
    this.byCode.set(code, pipeline);
    return pipeline;
  }

  /** The layout of so many storage buffers. */
  layout(bindings: number): GPUBindGroupLayout {
    this.layouts[bindings] ??= this.device.createBindGroupLayout({
      entries: Array.from({ length: bindings }, (_, binding) => ({
        binding,
        visibility: 4, // GPUShaderStage.COMPUTE, a global that Node has not
        buffer: { type: 'storage' as const },
      })),
    });
    return this.layouts[bindings];
  }

  private async compile(label: string, code: string, bindings: number): Promise<GPUComputePipeline> {
    const module = this.device.createShaderModule({ label, code });
    const layout = this.device.createPipelineLayout({ bindGroupLayouts: [this.layout(bindings)] });
    try {
      return await this.device.createComputePipelineAsync({ label, layout, compute: { module } });
    } catch (cause) {
      const { messages } = await module.getCompilationInfo();
      const problems = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`).join('; ');
      const problem = problems || (cause as Error).message;
      throw new NanobardError('internal', `the kernel ${label} does not compile: ${problem}`, { cause });
    }
  }
}
