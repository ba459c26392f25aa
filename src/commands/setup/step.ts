/** One thing that has to be there before the service can run. */
export interface Step {
  /** What it is about, such as `bucket uploads`. */
  readonly name: string;
  /** Looks, and changes nothing. */
  plan(): Promise<Plan>;
}

export type Plan =
  /** It is as it should be. */
  | { readonly state: 'unchanged'; readonly detail: string }
  /** `apply` brings it about. */
  | { readonly state: 'missing'; readonly detail: string; readonly apply: () => Promise<void> }
  /** Somebody else has to bring it about; `remedy` says how. */
  | { readonly state: 'unsupported' | 'wrong'; readonly detail: string; readonly remedy: string };

export interface StepResult {
  readonly name: string;
  /** `planned`: a dry run would have done it. `unsupported`: the server has no such thing, and all works without. */
  readonly status: 'unchanged' | 'done' | 'planned' | 'unsupported' | 'wrong';
  readonly detail: string;
  readonly remedy?: string;
}

/** What `apply` throws where the server turns out not to have what was asked for. */
export class UnsupportedByServer extends Error {
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}

/** Takes one step, or says what it would do. Rejects where the step fails. */
export async function takeStep({ name, plan }: Step, isDryRun: boolean): Promise<StepResult> {
  const planned = await plan();
  const { state, detail } = planned;
  if (state === 'unchanged') return { name, status: state, detail };
  if (state !== 'missing') return { name, status: state, detail, remedy: planned.remedy };
  if (isDryRun) return { name, status: 'planned', detail };
  try {
    await planned.apply();
  } catch (thrown) {
    if (!(thrown instanceof UnsupportedByServer)) throw thrown;
    return { name, status: 'unsupported', detail: thrown.message, remedy: thrown.remedy };
  }
  return { name, status: 'done', detail };
}
