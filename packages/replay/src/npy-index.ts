/** How many elements lie between neighbours of each dimension. */
export function strides(shape: readonly number[], isFortranOrder: boolean): number[] {
  const steps = new Array<number>(shape.length).fill(1);
  let step = 1;
  const dimensions = [...shape.keys()];
  for (const dimension of isFortranOrder ? dimensions : dimensions.reverse()) {
    steps[dimension] = step;
    step *= shape[dimension] ?? 1;
  }
  return steps;
}

/** The index of the element that is at a place of the data, from 0 in each dimension. */
export function indexAt(
  place: number,
  shape: readonly number[],
  isFortranOrder: boolean,
): number[] {
  const index = new Array<number>(shape.length).fill(0);
  const dimensions = [...shape.keys()];
  let rest = place;
  for (const dimension of isFortranOrder ? dimensions : dimensions.reverse()) {
    const length = shape[dimension] ?? 1;
    index[dimension] = rest % length;
    rest = Math.floor(rest / length);
  }
  return index;
}

/** Where an element is in one order of the data, given where it is in the other. */
export function reorder(
  shape: readonly number[],
  isFromFortran: boolean,
): (place: number) => number {
  const dimensions = [...shape.keys()];
  if (!isFromFortran) dimensions.reverse();
  const targets = strides(shape, !isFromFortran);
  const lengths = dimensions.map((dimension) => shape[dimension] ?? 1);
  const steps = dimensions.map((dimension) => targets[dimension] ?? 1);
  return (place) => {
    let rest = place;
    let target = 0;
    for (let at = 0; at < lengths.length; at += 1) {
      const length = lengths[at] as number;
      const index = rest % length;
      target += index * (steps[at] as number);
      rest = (rest - index) / length;
    }
    return target;
  };
}

/** Whether rows first and columns first are the same: at most one dimension is longer than 1. */
export function isFlat(shape: readonly number[]): boolean {
  return shape.filter((length) => length !== 1).length <= 1 || shape.includes(0);
}
