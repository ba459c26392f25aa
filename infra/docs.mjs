// Keeps the documentation true: `npm run docs` writes what is made from the code (the tables of settings and options, the examples of the API),
// `npm run docs:check` fails where the text differs from the code. Pictures are made by `npm run docs:examples`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { SETTINGS } from '../dist/config/settings.js';
import { optionExamples, optionsTable } from './option-docs.mjs';

const PARTS = [
  { file: 'README.md', name: 'settings', make: settingsTable },
  { file: 'docs/options.md', name: 'options', make: optionsTable },
  { file: 'docs/options.md', name: 'examples', make: optionExamples },
  { file: 'docs/api.md', name: 'shell', make: () => example('cut-out.sh', 'sh') },
  { file: 'docs/api.md', name: 'typescript', make: () => example('cut-out.ts', 'ts') },
];

const isCheck = process.argv[2] === '--check';
for (const { file, name, make } of PARTS) {
  const current = readFileSync(file, 'utf8');
  const wanted = withPart(file, current, name, make());
  if (current === wanted) continue;
  if (!isCheck) {
    writeFileSync(file, wanted);
    continue;
  }
  process.stderr.write(`${file}: the ${name} differ from the code. Run: npm run docs\n`);
  process.exitCode = 1;
}

if (isCheck) {
  const options = readFileSync('docs/options.md', 'utf8');
  for (const [, picture] of options.matchAll(/\]\((images\/[^)]+)\)/g)) {
    if (existsSync(`docs/${picture}`)) continue;
    process.stderr.write(`docs/options.md: ${picture} is missing. Run: npm run docs:examples\n`);
    process.exitCode = 1;
  }
}

function withPart(file, text, name, part) {
  const start = `<!-- ${name}: made by npm run docs -->`;
  const end = `<!-- end of ${name} -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} lacks the marks ${start} and ${end}`);
  return `${text.slice(0, from + start.length)}\n\n${part}\n\n${text.slice(to)}`;
}

function example(name, language) {
  return `\`\`\`${language}\n${readFileSync(`docs/examples/${name}`, 'utf8').trim()}\n\`\`\``;
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
