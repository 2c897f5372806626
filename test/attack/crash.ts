// Preloaded into a gate that shall crash: SIGUSR2 throws where nobody catches, as a fault of the program would.

process.on('SIGUSR2', () => {
  throw new Error('crashed by the test');
});
