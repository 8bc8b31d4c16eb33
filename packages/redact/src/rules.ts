import type { TokenRule } from "./rule.ts";
import { cloudRules } from "./rules-cloud.ts";
import { codeRules } from "./rules-code.ts";
import { keyRules } from "./rules-keys.ts";
import { serviceRules } from "./rules-services.ts";

/** Every token format, in no particular order. */
export const tokenRules: readonly TokenRule[] = [
  ...cloudRules,
  ...codeRules,
  ...serviceRules,
  ...keyRules,
];
