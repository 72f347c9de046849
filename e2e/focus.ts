// Going through a page without a mouse: what has the focus shows it, and everything is reached by Tab.
import { expect, type Locator, type Page } from "@playwright/test";

/** Presses of Tab after which something counts as out of reach. */
const FARTHEST = 80;

/** What has the focus shows it: an outline of its own, or one of the box that it stands in, inside the window. */
export async function expectVisibleFocus(page: Page): Promise<void> {
  const seen = await page.evaluate(() => {
    const focused = document.activeElement;
    if (!focused || focused === document.body) return "nothing has the focus";
    const outlined = [focused, focused.closest(".search"), focused.closest(".choice")].some((element) => {
      const style = element && getComputedStyle(element);
      return style && style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2;
    });
    const box = focused.getBoundingClientRect();
    const inside = box.width > 0 && box.bottom > 0 && box.top < window.innerHeight;
    return outlined && inside ? "" : focused.outerHTML.slice(0, 200);
  });
  expect(seen, "the focus can be seen").toBe("");
}

/** Tabs until this has the focus; every stop on the way shows itself. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < FARTHEST; presses++) {
    await page.keyboard.press("Tab");
    await expectVisibleFocus(page);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${target} is not reached by Tab`);
}
