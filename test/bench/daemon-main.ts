/** What does the daemon hold on to? The same daemon as bin/tollbridge.js; only that it collects its garbage when it is told to. */
process.on('message', () => {
  for (let round = 0; round < 4; round += 1) globalThis.gc?.()
  process.send?.('collected')
})

await import('../../src/cli/main.js')
