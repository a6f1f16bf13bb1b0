// Preloaded into a server under test (node --expose-gc --import): tells the parent, once a second, what is in use after a collection. Resident memory also holds what V8 keeps ready for later.
setInterval(() => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ liveBytes: heapUsed + external });
}, 1000).unref();
