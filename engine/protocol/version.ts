/** Version of the messages in this room. Host and engine refuse to talk across different versions. */
export const PROTOCOL_VERSION = 2;
