import { type Node, nameOf } from '../../core/index.ts';
import { arrange, type HubLinear } from '../../models/index.ts';

/** A parameter in a tensor of a file. */
export interface TensorPart {
  readonly parameter: string;
  readonly shape: readonly number[];
  /** Writes its values where they lie; what else the tensor holds stays. */
  put(values: Float32Array, whole: Float32Array): void;
  /** The reverse. */
  take(whole: Float32Array): Float32Array;
}

/** A tensor of a file, with the parameters that lie in it. */
export interface TensorPlace {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parts: readonly TensorPart[];
  /** The tensor as it is where none of them lies. */
  rest(): Promise<Float32Array>;
}

/** A parameter that is a block of a matrix. @param rowsAt  which row of the matrix each of its rows is · @param column  where in them it begins · @param width  of the matrix */
export const blockPart = (node: Node, rowsAt: Int32Array, { column, width }: { readonly column: number; readonly width: number }): TensorPart => {
  const shape = node.shape as readonly number[];
  const columns = shape[1] ?? 1;
  const each = (visit: (own: number, stored: number) => void): void => {
    for (let row = 0; row < rowsAt.length; row++) for (let i = 0; i < columns; i++) visit(row * columns + i, rowsAt[row]! * width + column + i);
  };
  return {
    parameter: nameOf(node),
    shape,
    put: (values, whole) =>
      each((own, stored) => {
        whole[stored] = values[own]!;
      }),
    take(whole) {
      const values = new Float32Array(rowsAt.length * columns);
      each((own, stored) => {
        values[own] = whole[stored]!;
      });
      return values;
    },
  };
};

/** Rows in order. */
export const rowsFrom = (first: number, count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => first + i);

/** Which row of its module each row of a linear is. */
export const rowsInModule = ({ out, rows, rowsOf }: HubLinear): Int32Array => {
  if (!rowsOf) return rowsFrom(0, out);
  return Int32Array.from(
    arrange(
      Float32Array.from({ length: rows }, (_, i) => i),
      rowsOf,
    ),
  );
};
