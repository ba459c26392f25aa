// The parts of docs/options.md that come from the code: the table of options, and a command with a picture for each.
import { OPTIONS } from '../dist/options/schema.js';

export function optionsTable() {
  const rows = OPTIONS.map(({ name, allowed, initial, doc }) => {
    const shown = initial === '' ? '' : `\`${initial}\``;
    return `| [\`${name}\`](#${name}) | ${allowed} | ${shown} | ${doc.replaceAll('|', '\\|')} |`;
  });
  return ['| Option | Values | Default | What it does |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

export function optionExamples() {
  return OPTIONS.map(({ name, doc, example, input = 'photo.jpg' }) => {
    const command = `clearcut remove ${input} -o out ${flagsOf(example)}`;
    const picture = `![${input} with ${textOf(example)}](${pictureOf(name)})`;
    return `### ${name}\n\n${doc}\n\n\`\`\`sh\n${command}\n\`\`\`\n\n${picture}`;
  }).join('\n\n');
}

/** The file of the picture of an option, as docs/options.md names it. */
function pictureOf(name) {
  return `images/options/${name}.webp`;
}

function flagsOf(example) {
  return Object.entries(example)
    .map(([name, value]) => (value === 'true' ? `--${name}` : `--${name} ${quoted(value)}`))
    .join(' ');
}

function textOf(example) {
  return Object.entries(example)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function quoted(value) {
  return /^[\w.:/#-]+$/.test(value) ? value : `"${value}"`;
}
