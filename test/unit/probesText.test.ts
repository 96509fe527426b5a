import { describe, expect, test } from 'vitest';
import { parseProbesFile, withoutProbe, withProbe } from '../../extension/probes/probesText.ts';

const LISBON = { prompt: 'Mira was born in', answer: 'Lisbon' };
const PORTO = { prompt: 'Later she lived in', answer: 'Porto' };

describe('a probes file', () => {
  test('holds probes, with comments, trailing commas and notes', () => {
    const text = `{
  // facts of the sample
  "probes": [
    { "prompt": "Mira was born in ", "answer": " Lisbon", "note": "line 1" },
    { "prompt": "Later she lived in", "answer": "Porto", },
  ],
}`;
    expect(parseProbesFile(text)).toEqual({ probes: [LISBON, PORTO], problems: [] });
    expect(parseProbesFile(' \n')).toEqual({ probes: [], problems: [] });
  });

  test.each([
    ['{"probes": [\n{"prompt": "a", "answer": "b"},\n{"prompt": "c"}\n]}', 3, 'this probe has no answer', 1],
    ['{"probes": [\n"a => b"]}', 2, 'this is no probe', 0],
    ['{"probes": [\n{"prompt": " ", "answer": "b"}]}', 2, 'this probe has no prompt', 0],
    ['{\n"probe": []}', 1, 'there is no list “probes”', 0],
    ['[]', 1, 'there is no list “probes”', 0],
    ['{"probes": [{"prompt": "a", "answer": "b"}\n\n', 3, 'close bracket expected', 1],
    ['{"probes": [\n  {"prompt": "a" "answer": "b"}]}', 2, 'comma expected', 1],
    ['nonsense', 1, 'invalid symbol', 0],
  ])('that is damaged says where and what, and gives what can be read: %s', (text, line, words, readable) => {
    const { probes, problems } = parseProbesFile(text);
    expect(problems[0]?.line).toBe(line);
    expect(problems[0]?.text).toContain(words);
    expect(probes).toHaveLength(readable);
  });

  test('gets a probe more and one less, and keeps everything else', () => {
    expect(parseProbesFile(withProbe('', LISBON)).probes).toEqual([LISBON]);
    const text =
      '{\n  // mine\n  "other": 1,\n  "probes": [\n    { "prompt": "Later she lived in", "answer": "Porto" }\n  ]\n}\n';
    const more = withProbe(text, LISBON);
    expect(parseProbesFile(more)).toEqual({ probes: [PORTO, LISBON], problems: [] });
    expect(more).toContain('// mine');
    expect(more).toContain('"other": 1');
    expect(withProbe(more, LISBON)).toBe(more);
    const less = withoutProbe(more, PORTO);
    expect(parseProbesFile(less).probes).toEqual([LISBON]);
    expect(less).toContain('// mine');
    expect(withoutProbe(less, PORTO)).toBe(less);
    const twice =
      '{"probes": [{"prompt": "Mira was born in", "answer": "Lisbon"}, {"prompt": " Mira was born in", "answer": "Lisbon "}]}';
    expect(parseProbesFile(twice).probes).toEqual([LISBON]);
    expect(parseProbesFile(withoutProbe(twice, LISBON)).probes).toEqual([]);
  });

  test('that lacks the list gets one', () => {
    expect(parseProbesFile(withProbe('{"a": 1}', LISBON)).probes).toEqual([LISBON]);
  });
});
