import puppeteer, { type Browser } from 'puppeteer-core';

export const browserNames = ['chromium', 'firefox'] as const;
export type BrowserName = (typeof browserNames)[number];

// Debian's Chromium as root in a closed network: no sandbox, and nothing that calls home at its start.
const chromiumFlags =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** Debian's Chromium, and Firefox ESR through WebDriver BiDi; files are saved in the folder `downloads`. */
export function openBrowser(name: BrowserName, downloads?: string): Promise<Browser> {
  if (name === 'chromium') {
    return puppeteer.launch({
      browser: 'chrome',
      executablePath: '/usr/bin/chromium',
      args: chromiumFlags.split(' '),
      ...(downloads !== undefined && { downloadBehavior: { policy: 'allow', downloadPath: downloads } }),
    });
  }
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    protocolTimeout: 600_000, // docs/hosts.md says what may take so long
    extraPrefsFirefox: {
      'browser.download.folderList': 2,
      ...(downloads !== undefined && { 'browser.download.dir': downloads }),
    },
  });
}
