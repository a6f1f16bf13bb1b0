import { cast, constant, edit, gather, greaterOrEqual, isParameter, type Node, NotFoundError, nameOf, sub, unsqueeze, where } from '../../core/index.ts';

/** The table of words, whose look-ups get virtual ids beside those of words. */
export const wordTable = 'embed.word.weight';

/**
 * Gives the ids from `vocab` on rows of their own; those of words mean what they did, and no virtual token is ever predicted.
 *
 * @param rowsFor  the rows [any, hidden], the first for the id `vocab`, from the table of words [vocab, hidden]
 * @throws NotFoundError where no words are looked up
 */
export const withVirtualRows = (kind: string, roots: readonly Node[], rowsFor: (table: Node) => Node): Node[] => {
  let found = false;
  const edited = edit(roots, (node) => {
    if (node.op.name !== 'gather' || !isParameter(node.inputs[0]!) || nameOf(node.inputs[0]) !== wordTable) return node;
    found = true;
    const [table, ids] = node.inputs as [Node, Node];
    const [vocab, none] = [constant(table.shape[0] as number, [], ids.dtype), constant(0, [], ids.dtype)];
    const virtual = greaterOrEqual(ids, vocab);
    const known = gather(table, where(virtual, none, ids));
    const rows = gather(rowsFor(table), where(virtual, sub(ids, vocab), none));
    return { ...where(unsqueeze(virtual, -1), cast(rows, node.dtype), known), ...(node.site !== undefined && { site: node.site }) };
  });
  if (!found) throw new NotFoundError(`${kind}: expected rows of ${wordTable} being looked up, got none; apply it before other edits of the table`);
  return edited;
};
