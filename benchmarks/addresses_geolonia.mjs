// Geolonia's normaliser as a child of addresses_side_by_side.py: addresses in, one a line; parts out, one JSON a line.
// Run in the folder of `npm install @geolonia/normalize-japanese-addresses`; the argument is the URL of its data.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(`${process.cwd()}/`)
const geolonia = require('@geolonia/normalize-japanese-addresses')
geolonia.config.japaneseAddressesApi = process.argv[2]

const addresses = readFileSync(0, 'utf-8').split('\n').slice(0, -1)
await geolonia.normalize('東京都千代田区丸の内1-1') // the files of prefectures and municipalities are read once
const told = []
const began = performance.now()
for (const address of addresses) {
  try {
    const { pref, city, town, addr, other, level } = await geolonia.normalize(address)
    told.push([pref ?? '', city ?? '', town ?? '', addr ?? '', other, level])
  } catch (error) {
    told.push(['', '', '', '', address, -1])
  }
}
const seconds = (performance.now() - began) / 1000
console.log(JSON.stringify({ seconds, version: geolonia.version, told }))
