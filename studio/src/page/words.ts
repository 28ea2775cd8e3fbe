// What the page itself says, in both languages.

export const languages = { en: 'English', zh: '中文' } as const;

export type Language = keyof typeof languages;

const en = {
  parts: 'Parts of the page',
  tabs: { tutorial: 'Tutorial', train: 'Train', look: 'Look inside', write: 'Write', runs: 'Runs' },
  chapters: 'Chapters',
  language: 'Language',
  theme: 'Colours',
  themes: { auto: 'as the system', light: 'light', dark: 'dark' },
  run: 'Run',
  runAbove: 'Run all above',
  runAll: 'Run all',
  stop: 'Stop',
  edit: 'Edit',
  reset: 'Reset',
  code: 'Code',
  output: 'Output',
  waiting: 'waiting',
  running: 'running',
  done: (seconds: string) => `${seconds} s`,
  stopped: 'Stopped.',
  restarted: 'The kernel was started anew: run the cells above again.',
  device: (threads: number) => `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
  next: 'Next',
  previous: 'Previous',
  step: 'step',
  skip: 'Skip to the text',
  loading: 'Loading…',
  bars: 'Bar chart',
  heatmap: (rows: number, columns: number) => `Heat map of ${rows} rows and ${columns} columns`,
  curve: 'Curves over the steps',
};

const zh: typeof en = {
  parts: '页面各部分',
  tabs: { tutorial: '教程', train: '训练', look: '看内部', write: '写作', runs: '运行' },
  chapters: '章节',
  language: '语言',
  theme: '配色',
  themes: { auto: '跟随系统', light: '浅色', dark: '深色' },
  run: '运行',
  runAbove: '运行以上全部',
  runAll: '全部运行',
  stop: '停止',
  edit: '编辑',
  reset: '还原',
  code: '代码',
  output: '输出',
  waiting: '等待中',
  running: '运行中',
  done: (seconds) => `${seconds} 秒`,
  stopped: '已停止。',
  restarted: '内核已重启：请重新运行上面的单元。',
  device: (threads) => `${threads} 个线程`,
  next: '下一章',
  previous: '上一章',
  step: '步',
  skip: '跳到正文',
  loading: '加载中…',
  bars: '条形图',
  heatmap: (rows, columns) => `热图：${rows} 行 ${columns} 列`,
  curve: '随步数变化的曲线',
};

export const words: Readonly<Record<Language, typeof en>> = { en, zh };
