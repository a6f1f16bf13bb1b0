const [firstMoment, secondMoment, tiny] = [0.9, 0.999, 1e-8];

/** Adam (1412.6980) with decay taken from the values themselves (1711.05101), over one array that it changes in place. */
export const adam = (values: Float64Array): ((gradient: Float64Array, learningRate: number, decay: number) => void) => {
  const mean = new Float64Array(values.length);
  const square = new Float64Array(values.length);
  let step = 0;
  return (gradient, learningRate, decay) => {
    step++;
    for (let i = 0; i < values.length; i++) {
      mean[i] = firstMoment * mean[i]! + (1 - firstMoment) * gradient[i]!;
      square[i] = secondMoment * square[i]! + (1 - secondMoment) * gradient[i]! ** 2;
      const change = mean[i]! / (1 - firstMoment ** step) / (Math.sqrt(square[i]! / (1 - secondMoment ** step)) + tiny);
      values[i]! -= learningRate * (change + decay * values[i]!);
    }
  };
};
