// Each role signs in once, through the real pages; the other tests go on from its cookies.
import { test as setup } from "@playwright/test";
import { person, type Role, signIn, stateOf } from "../demo.ts";

for (const role of ["head_office_admin", "branch_manager", "operator"] satisfies Role[]) {
  setup(`a ${role} signs in with password and code`, async ({ page }) => {
    await signIn(page, person(role));
    await page.context().storageState({ path: stateOf(role) });
  });
}
