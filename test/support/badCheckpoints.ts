// What is wrong with the malformed files of the fixtures, by name without extension: the place and the fault, as whoever
// opens one is to be told.

/** `fixtures/safetensors/bad`. The reference reader accepts `st_duplicate_key_same`, but the format forbids it. */
export const SAFETENSORS_FAULTS: Readonly<Record<string, RegExp>> = {
  st_dtype_missing: /tensor ".+": dtype is missing/,
  st_dtype_unknown: /tensor ".+": dtype F128 cannot be read/,
  st_duplicate_key: /key "a" occurs twice/,
  st_duplicate_key_same: /key "a" occurs twice/,
  st_empty_file: /0 bytes, too few/,
  st_header_json_array: /not a JSON object/,
  st_header_json_truncated: /header cannot be read/,
  st_header_len_2p60: /header should have 1152921504606846976 bytes/,
  st_header_len_beyond_eof: /header should have 1000 bytes/,
  st_header_len_zero: /header cannot be read/,
  st_header_not_json: /header cannot be read/,
  st_nested_100k: /nested deeper than 64/,
  st_offsets_hole: /tensor "b": leaves 4 bytes unused before it/,
  st_offsets_negative: /tensor ".+": data_offsets is not a pair/,
  st_offsets_overlap: /tensor "b": overlaps/,
  st_offsets_past_end: /tensor "b": ends at file byte/,
  st_offsets_same: /tensor "b": overlaps/,
  st_offsets_three: /tensor ".+": data_offsets is not a pair/,
  st_seven_bytes: /7 bytes, too few/,
  st_shape_bytes_mismatch: /tensor ".+": shape \[3,2\] of F32 needs 24 bytes, data_offsets give 8/,
  st_shape_fraction: /tensor ".+": shape is not a list of whole numbers/,
  st_shape_negative: /tensor ".+": shape is not a list of whole numbers/,
  st_shape_overflow_2p53: /tensor ".+": shape .* overflows/,
  st_shape_overflow_wraps_to_2: /tensor ".+": shape is not a list of whole numbers/,
  st_shape_string: /tensor ".+": shape is not a list of whole numbers/,
  st_trailing_bytes: /4 bytes after the last tensor belong to no tensor/,
};

/** `fixtures/checkpoints/bad`. */
export const TORCH_FAULTS: Readonly<Record<string, RegExp>> = {
  pt_no_data_pkl: /no data\.pkl/,
  pt_not_a_checkpoint: /no checkpoint of a known format \(it looks like a web page\)/,
  pt_offset_out_of_bounds: /tensor "w": .*from element 4 needs 40 bytes of storage 0, which has 24/,
  pt_pickle_os_system: /wants to load "posix\.system".*byte 189 of the pickle.*file byte 253/,
  pt_pickle_os_system_raw: /wants to load "posix\.system".*file byte 13/,
  pt_pickle_truncated: /has no end \(byte 126 of the pickle\)/,
  pt_shape_larger_than_storage: /tensor "w": shape \[200,300\].*needs 240000 bytes/,
  pt_storage_missing: /tensor "w": entry "archive\/data\/0": it is missing/,
  pt_unknown_class: /wants to load "mystery_pkg\.Thing"/,
  pt_zip_bomb_1tb_claim: /it claims 1099511627776 bytes, which the 1033 at byte 369 cannot hold/,
  pt_zip_deflated_1mib: /storage 0 should have 24 bytes, but has 1048576/,
  pt_zip_no_eocd: /zip directory at the end of its 1871 bytes cannot be read/,
  pt_zip_truncated: /zip directory at the end of its 1135 bytes cannot be read/,
};

/** Those of `fixtures/checkpoints/bad` that are read all the same: lengths of the tensors that they hold, by name. */
export const READ_ALL_THE_SAME: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // Nothing but the bytes of the tensors that are shown is read: a note says so.
  pt_crc_mismatch: { w: 6 },
  pt_legacy_nonzip: { w: 6, b: 3 },
  pt_pickle_deep_100k: { w: 6 },
};
