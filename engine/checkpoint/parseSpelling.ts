import { BYTE_SPELLINGS, LLAMA_3_PATTERN } from './byteSpelling.ts';
import type { FieldReader } from './fieldReader.ts';
import { metaspaceSpelling } from './metaspaceSpelling.ts';
import type { Spelling } from './spelling.ts';

const META = '\u2581';

/** How the normaliser and the splitter of a `tokenizer.json` spell a text. @throws CheckpointError for others */
export function parseSpelling(root: FieldReader): Spelling {
  const given = (name: string) => root.value(name) != null;
  if (!given('pre_tokenizer') && given('normalizer')) {
    checkPrepended(root.object('normalizer'));
    return metaspaceSpelling('always');
  }
  if (given('normalizer')) throw root.faultOf('normalizer', 'null');
  const splitter = root.object('pre_tokenizer');
  switch (splitter.value('type')) {
    case 'Metaspace':
      return metaspace(splitter);
    case 'Sequence':
      return sequence(splitter);
    default:
      if (splitter.value('type') !== 'ByteLevel') {
        throw splitter.faultOf('type', 'ByteLevel, Metaspace, or a Sequence as Llama 3 or SmolLM has it');
      }
      checkBytes(splitter, true);
      return BYTE_SPELLINGS['gpt-2'];
  }
}

/** `▁` in front of a text, and in place of its spaces. */
function checkPrepended(normalizer: FieldReader): void {
  const [prepend, replace] = parts(normalizer, 'normalizers', 2);
  prepend.constant('type', 'Prepend');
  prepend.constant('prepend', META);
  replace.constant('type', 'Replace');
  replace.object('pattern').constant('String', ' ');
  replace.constant('content', META);
}

function metaspace(splitter: FieldReader): Spelling {
  splitter.constant('replacement', META);
  if (splitter.value('split') !== false) throw splitter.faultOf('split', 'false');
  const scheme = splitter.choice('prepend_scheme', ['always', 'first', 'never'] as const);
  return metaspaceSpelling(scheme === 'never' ? 'never' : 'unless');
}

function sequence(splitter: FieldReader): Spelling {
  const [first, bytes] = parts(splitter, 'pretokenizers', 2);
  bytes.constant('type', 'ByteLevel');
  if (first.value('type') === 'Digits') {
    if (first.value('individual_digits') !== true) throw first.faultOf('individual_digits', 'true');
    checkBytes(bytes, true);
    return BYTE_SPELLINGS.digits;
  }
  first.constant('type', 'Split');
  if (first.object('pattern').value('Regex') !== LLAMA_3_PATTERN) {
    throw first.object('pattern').faultOf('Regex', 'that of Llama 3');
  }
  if (first.value('behavior') !== 'Isolated') throw first.faultOf('behavior', '"Isolated"');
  if (first.value('invert') === true) throw first.faultOf('invert', 'false');
  checkBytes(bytes, false);
  return BYTE_SPELLINGS['llama-3'];
}

function checkBytes(bytes: FieldReader, pattern: boolean): void {
  if (bytes.value('add_prefix_space') === true) throw bytes.faultOf('add_prefix_space', 'false');
  if ((bytes.value('use_regex') ?? true) !== pattern) throw bytes.faultOf('use_regex', String(pattern));
}

function parts(fields: FieldReader, name: string, count: number): FieldReader[] {
  fields.constant('type', 'Sequence');
  const list = fields.value(name);
  if (!Array.isArray(list) || list.length !== count) throw fields.faultOf(name, `a list of ${count}`);
  return list.map((_, i) => fields.item(name, i));
}
