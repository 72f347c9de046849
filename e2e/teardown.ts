// Removes the demo installation's directory. The program itself removes nothing: data is the owner's.
import { rmSync } from "node:fs";

export default function teardown(): void {
  const directory = process.env.E2E_DATA;
  if (directory?.includes("intrex-e2e-")) {
    rmSync(directory, { recursive: true, force: true });
  }
}
