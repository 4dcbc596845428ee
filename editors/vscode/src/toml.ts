/** A JSON value as TOML on one line. */
export function toToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toToml).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)} = ${toToml(member)}`);
    return `{ ${entries.join(', ')} }`;
  }
  return JSON.stringify(value); // strings, numbers and booleans are written alike
}
