import type { Reporter, TestModule } from 'vitest/node';

/** Names the tests that were skipped and ends a test run with one plain line, `N passed, N failed, N skipped`, for whoever reads logs by machine. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') count[state]++;
        if (state === 'skipped') skipped.push(`skipped: ${module.relativeModuleId} > ${test.fullName}`);
      }
      // A file that does not even load has no tests to count.
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++;
    }
    // After the default reporter's summary.
    process.once('exit', () => {
      for (const line of skipped) console.log(line);
      console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
    });
  }
}
