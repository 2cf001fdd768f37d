//! Our own small streams: what is heard, in order, and that no split of the bytes changes it.
