import type { TensorPlace } from '../protocol/archive.ts';

/** Names of one kind of model. */
export interface Family {
  readonly name: string;
  /** Whether a name can only be of this family. */
  recognizes(name: string): boolean;
  /** Place of a name without wrappers; undefined when the family does not know it. @param cms names of the CMS levels */
  place(name: string, cms: readonly string[]): TensorPlace | undefined;
}

// Names that public Hope models give their CMS levels, fast to slow.
const knownCms = ['cms_fast', 'cms_mid', 'cms_slow', 'cms_ultra', 'cms_anchor'];

/** Fast to slow: known names first, then in the order they were found. */
export function orderCms(names: readonly string[]): string[] {
  const rank = (name: string) => {
    const known = knownCms.indexOf(name);
    return known < 0 ? knownCms.length : known;
  };
  return names.toSorted((a, b) => rank(a) - rank(b));
}

/** The CMS level that a name of the public Hope is of, as that model calls it. */
export function cmsName(name: string): string | undefined {
  return /(?:^|\.)cms\.blocks\.([^.]+)\./.exec(name)?.[1];
}

const outside = (module: string, leaf: string, level = 'outer'): TensorPlace => ({
  block: -1,
  module,
  level,
  leaf,
});

/** `m_memory` is the memory; what makes its keys, values and gates are the projections. */
function selfmodLevel(leaf: string): string {
  if (/^m_memory\./.test(leaf)) return 'memory';
  return /^m_(?:k|v|q|eta|alpha)\./.test(leaf) ? 'projections' : 'outer';
}

function hopePlace(name: string, cms: readonly string[]): TensorPlace | undefined {
  const found = /^blocks\.(\d{1,6})\.([^.]+)\.?(.*)$/.exec(name);
  if (!found) return undefined;
  const [, digits, module, leaf] = found;
  const block = Number(digits);
  if (module === 'selfmod') return { block, module, level: selfmodLevel(leaf), leaf };
  if (module === 'titan_memory') return { block, module, level: 'memory', leaf };
  if (module === 'cms') {
    const own = /^(\d{1,3})\.(.+)$/.exec(leaf);
    if (own) return { block, module, level: `cms.${Number(own[1])}`, leaf: own[2] };
    const level = cms.indexOf(cmsName(name) ?? '');
    if (level >= 0) return { block, module, level: `cms.${level}`, leaf: leaf.split('.').slice(2).join('.') };
  }
  return { block, module, level: 'outer', leaf };
}

function embedAndHead(name: string): TensorPlace | undefined {
  const found = /^(embed|lm_head|norm)\.(.+)$/.exec(name);
  return found ? outside(found[1], found[2]) : undefined;
}

/** Models that are read, the most particular names first. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'Hope',
    recognizes: name => /^blocks\.\d+\.(?:cms\.\d+\.|selfmod\.m_\w+\.w[12]$)/.test(name),
    place(name, cms) {
      // Chunks that a fast state keeps open.
      const open = /^(open|tail|sum)\.(.+)$/.exec(name);
      if (open) return openChunk(open[1], open[2]);
      return hopePlace(name, cms) ?? embedAndHead(name);
    },
  },
  {
    name: 'Hope (PyTorch)',
    recognizes: name =>
      /^blocks\.\d+\.(?:cms\.blocks\.|selfmod\.m_\w+\.w[12]\.weight$|titan_memory\.)/.test(name),
    place: (name, cms) => hopePlace(name, cms) ?? embedAndHead(name),
  },
  {
    name: 'Llama',
    recognizes: name => /^(?:model\.)?layers\.\d+\.self_attn\.q_proj\./.test(name),
    place: numbered(
      /^(?:model\.)?layers\.(\d{1,6})\.([^.]+)\.(.*)$/,
      /^(?:model\.)?(embed_tokens|norm|lm_head)\.(.+)$/,
    ),
  },
  {
    name: 'GPT-2',
    recognizes: name => /^(?:transformer\.)?h\.\d+\.attn\.c_attn\./.test(name),
    place: numbered(
      /^(?:transformer\.)?h\.(\d{1,6})\.([^.]+)\.(.*)$/,
      /^(?:transformer\.)?(wte|wpe|ln_f|lm_head)\.(.+)$/,
    ),
  },
];

/** A Transformer: no weight of it changes faster than another. */
function numbered(inBlock: RegExp, aside: RegExp): Family['place'] {
  return name => {
    const found = inBlock.exec(name);
    if (found) return { block: Number(found[1]), module: found[2], level: 'outer', leaf: found[3] };
    const other = aside.exec(name);
    return other ? outside(other[1], other[2]) : undefined;
  };
}

function openChunk(kind: string, rest: string): TensorPlace {
  const [block, level = '', ...leaf] = rest.split('.');
  if (kind === 'sum') {
    const place = hopePlace(rest, []) ?? embedAndHead(rest);
    return {
      block: place?.block ?? -1,
      module: 'open chunk',
      level: place?.level,
      leaf: `sum.${place?.leaf ?? rest}`,
    };
  }
  return {
    block: /^\d{1,6}$/.test(block) ? Number(block) : -1,
    module: 'open chunk',
    // The window of a convolution is no weight of any level.
    ...(kind === 'open' ? { level } : {}),
    leaf: kind === 'open' ? leaf.join('.') : kind,
  };
}
