// Keeps the documentation true: `npm run docs` writes what is made from the code (the table of settings, the picture
// in the README), `npm run docs:check` fails where the text differs from the code.
import { readFileSync, writeFileSync } from 'node:fs';
import { SETTINGS } from '../dist/config/settings.js';

const README = 'README.md';
const START = '<!-- settings: made by npm run docs -->';
const END = '<!-- end of settings -->';

const current = readFileSync(README, 'utf8');
const wanted = withSettings(current, settingsTable());
if (process.argv[2] === '--check') check();
else writeFileSync(README, wanted);

function check() {
  if (current === wanted) return;
  process.stderr.write('README.md: the table of settings differs from the code. Run: npm run docs\n');
  process.exit(1);
}

function withSettings(text, table) {
  const from = text.indexOf(START);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${README} lacks the marks ${START} and ${END}`);
  return `${text.slice(0, from + START.length)}\n\n${table}\n\n${text.slice(to)}`;
}

function settingsTable() {
  const rows = SETTINGS.map(({ env, path, doc, defaultText }) => {
    // The list of patterns would make the table unreadable; its description says what it leaves out.
    const shown =
      defaultText.length > 40 ? 'see the description' : defaultText === '' ? '' : `\`${defaultText}\``;
    return `| \`${env}\` | \`${path.join('.')}\` | ${shown} | ${doc.replaceAll('|', '\\|')} |`;
  });
  return ['| Variable | In the file | Default | What it does |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}
