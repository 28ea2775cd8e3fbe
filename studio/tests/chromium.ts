import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, or what `CHROMIUM` names; `gpu`: with an adapter in software. */
export function launch({ gpu = false } = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', ...(gpu ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] : [])],
  });
}
