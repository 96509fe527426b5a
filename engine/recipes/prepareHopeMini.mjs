// Turns the source texts of hope-mini into one folder of documents:
//   node engine/recipes/prepareHopeMini.mjs SOURCE_FOLDER OUTPUT_FOLDER
// Sources and licences are named in media/NOTICE.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [source, output] = process.argv.slice(2);
if (!source || !output) {
  console.error('usage: node engine/recipes/prepareHopeMini.mjs SOURCE_FOLDER OUTPUT_FOLDER');
  process.exit(1);
}

/** WikiText-2 is tokenised with spaces around punctuation and @-@ inside words: put it back as written. */
function detokenise(line) {
  return line
    .replace(/ @(.)@ /g, '$1')
    .replace(/ ([.,;:!?)\]%])/g, '$1')
    .replace(/([([]) /g, '$1')
    .replace(/ (['’](?:s|re|ve|ll|d|m|t)?)(?= |$)/g, '$1')
    .replace(/" ([^"]*) "/g, '"$1"')
    .replace(/ n't/g, "n't")
    .trim();
}

/** One document a paragraph, without section titles and without sentences that lost more than one word. */
function wikitext(raw) {
  return raw
    .split('\n')
    .map(line => line.trim())
    .filter(line => line && !line.startsWith('='))
    .map(line =>
      line
        .split(/(?<= \.) /)
        .filter(sentence => sentence.split('<unk>').length < 3)
        .join(' '),
    )
    .map(line => line.replace(/ ?<unk>/g, ''))
    .filter(line => line.length > 40)
    .map(detokenise);
}

/** Paragraphs joined to stretches of about 2 kB, so that a document has a beginning and a length. */
function stretches(raw, size = 2000) {
  const documents = [];
  let current = '';
  for (const paragraph of raw.replaceAll('\r\n', '\n').split(/\n{2,}/)) {
    current += (current && '\n\n') + paragraph.trim();
    if (current.length >= size) {
      documents.push(current);
      current = '';
    }
  }
  return current ? [...documents, current] : documents;
}

/** First column of a two-column CSV whose text may be quoted. */
function firstColumn(raw) {
  const rows = [...raw.matchAll(/^(?:"((?:[^"]|"")*)"|([^,\n]*)),[^,\n]*$/gm)].slice(1);
  return rows.map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain).replace(/\s+/g, ' ').trim(),
  );
}

const read = name => readFile(join(source, name), 'utf8');
const clinc = JSON.parse(await read('clinc150_full.json'));
const files = {
  wikitext2: wikitext(await read('wikitext2_valid.txt')),
  shakespeare: stretches(await read('tinyshakespeare.txt')),
  oz: stretches((await read('oz_sample.txt')).replaceAll('\r\n', '\n').replace(/(?<!\n)\n(?!\n)/g, ' ')),
  banking77: firstColumn(await read('banking77_train.csv')),
  clinc150: [...clinc.train, ...clinc.oos_train].map(([text]) => text),
};
await mkdir(output, { recursive: true });
for (const [name, documents] of Object.entries(files)) {
  const lines = documents.filter(Boolean).map(text => JSON.stringify({ text }));
  await writeFile(join(output, `${name}.jsonl`), `${lines.join('\n')}\n`);
  console.log(`${name}: ${documents.length} documents, ${documents.join('').length} characters`);
}
