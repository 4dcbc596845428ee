// Draws the icon: an event loop, and the call that stands in its way. No image of it is kept in the repository.

import { deflateSync } from "node:zlib";

const SIZE = 128; // pixels
const SAMPLES = 4; // of a pixel, in each direction

const PAPER = [27, 35, 52];
const LOOP = [94, 200, 216];
const BLOCK = [255, 142, 86];

const toRadians = (degrees) => (degrees * Math.PI) / 180;

/** The distance to a box around the origin with round corners. */
function box(x, y, width, height, radius) {
    const dx = Math.abs(x) - width / 2 + radius;
    const dy = Math.abs(y) - height / 2 + radius;
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
}

function isInTriangle(x, y, [ax, ay], [bx, by], [cx, cy]) {
    const side = (px, py, qx, qy) => (x - qx) * (py - qy) - (px - qx) * (y - qy) > 0;
    const sides = [side(ax, ay, bx, by), side(bx, by, cx, cy), side(cx, cy, ax, ay)];
    return sides.every((s) => s === sides[0]);
}

/** The colour at a point of the unit square around the origin; undefined outside of the icon. */
function colourAt(x, y) {
    if (box(x, y, 1, 1, 0.22) > 0) return undefined;
    if (box(x, y, 0.14, 0.3, 0.05) < 0) return BLOCK;
    // A ring that is open at the right, with a head where it ends.
    const radius = Math.hypot(x, y);
    const angle = Math.atan2(y, x); // down is positive
    const from = toRadians(28);
    if (Math.abs(radius - 0.33) < 0.055 && (angle > from || angle < toRadians(-8))) return LOOP;
    if (isInTriangle(x, y, [0.2, -0.06], [0.46, -0.06], [0.33, 0.12])) return LOOP;
    return PAPER;
}

function pixel(column, row) {
    const sum = [0, 0, 0];
    let hits = 0;
    for (let i = 0; i < SAMPLES * SAMPLES; ++i) {
        const x = (column + ((i % SAMPLES) + 0.5) / SAMPLES) / SIZE - 0.5;
        const y = (row + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES) / SIZE - 0.5;
        const colour = colourAt(x, y);
        if (!colour) continue;
        ++hits;
        colour.forEach((value, channel) => (sum[channel] += value));
    }
    return hits ? [...sum.map((value) => Math.round(value / hits)), Math.round((255 * hits) / (SAMPLES * SAMPLES))] : [0, 0, 0, 0];
}

function crc32(bytes) {
    let crc = ~0;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return ~crc >>> 0;
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, check]);
}

/** The icon as a PNG file. */
export function icon() {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(SIZE, 0);
    header.writeUInt32BE(SIZE, 4);
    header.set([8, 6], 8); // 8 bits, red green blue alpha
    const rows = [];
    for (let row = 0; row < SIZE; ++row) {
        rows.push(0); // no filter
        for (let column = 0; column < SIZE; ++column) rows.push(...pixel(column, row));
    }
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const data = deflateSync(Buffer.from(rows), { level: 9 });
    return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}
