/** Does something that answers yes, no or a number, and tells what became of it. */
import type { AnyVariables, TypedDocumentNode } from "@urql/core";
import { useMutation } from "urql";
import { troubleOf } from "../../api/trouble";
import { toast } from "../../ui/toast";

export function useVerb<D, V extends AnyVariables>(mutation: TypedDocumentNode<D, V>) {
  const [result, run] = useMutation<D, V>(mutation);
  async function act(variables: V, said: (data: D) => string): Promise<void> {
    const answer = await run(variables);
    if (answer.error !== undefined) toast(troubleOf(answer.error).text, "bad");
    else if (answer.data !== undefined) toast(said(answer.data));
  }
  return { act, busy: result.fetching };
}
