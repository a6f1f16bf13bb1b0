import type { Camera, Size } from './camera.ts';
import { arrowFragment, arrowVertex, edgeFragment, edgeVertex, nodeFragment, nodeVertex } from './shaders.ts';

/** Colours as red, green, blue, alpha bytes; one entry a node or edge. */
export interface NodeStyle {
  readonly radii: Float32Array;
  readonly colours: Uint8Array;
  /** 255 draws a ring around the node. */
  readonly rings: Uint8Array;
}
/** Lines of a graph: two node indices each, a width, and the radius of the disc they end at, all in CSS pixels. */
export interface Lines {
  readonly ends: Uint32Array;
  readonly widths: Float32Array;
  readonly targetRadii: Float32Array;
}
export interface Palette {
  readonly paper: readonly [number, number, number];
  readonly mark: readonly [number, number, number];
}

/** Draws a graph with WebGL 2; every call but `draw` only uploads. */
export interface Renderer extends Disposable {
  setPositions(positions: Float32Array): void;
  setNodes(style: NodeStyle): void;
  setLines(lines: Lines): void;
  setLineColours(colours: Uint8Array): void;
  setPalette(palette: Palette): void;
  draw(camera: Camera, size: Size, ratio: number): void;
}

/** How much larger than its radius a disc is drawn at a zoom: discs grow slower than distances. */
export const nodeScaleAt = (scale: number): number => Math.min(2.2, Math.max(0.3, scale ** 0.55));

const textureWidth = 1024;

function program(gl: WebGL2RenderingContext, vertex: string, fragment: string): WebGLProgram {
  const made = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(`internal: shader: ${gl.getShaderInfoLog(shader)}`);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(`internal: program: ${gl.getProgramInfoLog(made)}`);
  return made;
}

/** Null where the browser has no WebGL 2. */
export function createRenderer(canvas: HTMLCanvasElement): Renderer | null {
  const gl = canvas.getContext('webgl2', { antialias: false, alpha: false, premultipliedAlpha: true, powerPreference: 'high-performance' });
  if (!gl) return null;

  const corners = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, corners);
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
  const arrowCorners = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, arrowCorners);
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([1, 0, -1, -1, -1, 1]), gl.STATIC_DRAW);
  const buffers = {
    radius: gl.createBuffer(),
    colour: gl.createBuffer(),
    ring: gl.createBuffer(),
    ends: gl.createBuffer(),
    edgeColour: gl.createBuffer(),
    width: gl.createBuffer(),
    target: gl.createBuffer(),
  };

  type Field = readonly [name: string, buffer: WebGLBuffer, size: number, type: number, normalised: boolean, divisor: number];
  function pass(vertex: string, fragment: string, fields: readonly Field[]) {
    const made = program(gl!, vertex, fragment);
    const array = gl!.createVertexArray();
    gl!.bindVertexArray(array);
    for (const [name, buffer, size, type, normalised, divisor] of fields) {
      const at = gl!.getAttribLocation(made, name);
      if (at < 0) continue;
      gl!.bindBuffer(gl!.ARRAY_BUFFER, buffer);
      gl!.enableVertexAttribArray(at);
      if (type === gl!.UNSIGNED_INT) gl!.vertexAttribIPointer(at, size, type, 0, 0);
      else gl!.vertexAttribPointer(at, size, type, normalised, 0, 0);
      gl!.vertexAttribDivisor(at, divisor);
    }
    gl!.bindVertexArray(null);
    const names = ['places', 'middle', 'scale', 'view', 'ratio', 'nodeScale', 'paper', 'mark', 'arrow'];
    return { made, array, at: new Map(names.map((name) => [name, gl!.getUniformLocation(made, name)])) };
  }
  const edgeFields: Field[] = [
    ['ends', buffers.ends, 2, gl.UNSIGNED_INT, false, 1],
    ['colour', buffers.edgeColour, 4, gl.UNSIGNED_BYTE, true, 1],
    ['width', buffers.width, 1, gl.FLOAT, false, 1],
    ['targetRadius', buffers.target, 1, gl.FLOAT, false, 1],
  ];
  const nodes = pass(nodeVertex, nodeFragment, [
    ['corner', corners, 2, gl.FLOAT, false, 0],
    ['radius', buffers.radius, 1, gl.FLOAT, false, 1],
    ['colour', buffers.colour, 4, gl.UNSIGNED_BYTE, true, 1],
    ['rim', buffers.ring, 1, gl.UNSIGNED_BYTE, true, 1],
  ]);
  const lines = pass(edgeVertex, edgeFragment, [['corner', corners, 2, gl.FLOAT, false, 0], ...edgeFields]);
  const arrows = pass(arrowVertex, arrowFragment, [['corner', arrowCorners, 2, gl.FLOAT, false, 0], ...edgeFields]);

  const places = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, places);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  let staging = new Float32Array(0);
  let nodeCount = 0;
  let edgeCount = 0;
  let palette: Palette = { paper: [1, 1, 1], mark: [0, 0, 0] };

  const upload = (buffer: WebGLBuffer, data: Float32Array | Uint8Array | Uint32Array) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
  };

  function begin(used: typeof nodes, camera: Camera, size: Size, ratio: number): void {
    gl!.useProgram(used.made);
    gl!.bindVertexArray(used.array);
    gl!.uniform1i(used.at.get('places')!, 0);
    gl!.uniform2f(used.at.get('middle')!, camera.x, camera.y);
    gl!.uniform1f(used.at.get('scale')!, camera.scale);
    gl!.uniform2f(used.at.get('view')!, size.width, size.height);
    gl!.uniform1f(used.at.get('ratio')!, ratio);
    gl!.uniform1f(used.at.get('nodeScale')!, nodeScaleAt(camera.scale));
  }

  return {
    setPositions(positions) {
      const rows = Math.max(1, Math.ceil(positions.length / 2 / textureWidth));
      gl.bindTexture(gl.TEXTURE_2D, places);
      if (staging.length !== rows * textureWidth * 2) {
        staging = new Float32Array(rows * textureWidth * 2);
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG32F, textureWidth, rows, 0, gl.RG, gl.FLOAT, null);
      }
      staging.set(positions);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, textureWidth, rows, gl.RG, gl.FLOAT, staging);
    },
    setNodes({ radii, colours, rings }) {
      nodeCount = radii.length;
      upload(buffers.radius, radii);
      upload(buffers.colour, colours);
      upload(buffers.ring, rings);
    },
    setLines({ ends, widths, targetRadii }) {
      edgeCount = widths.length;
      upload(buffers.ends, ends);
      upload(buffers.width, widths);
      upload(buffers.target, targetRadii);
    },
    setLineColours(colours) {
      upload(buffers.edgeColour, colours);
    },
    setPalette(next) {
      palette = next;
    },
    draw(camera, size, ratio) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(...palette.paper, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, places);
      if (edgeCount > 0) {
        begin(lines, camera, size, ratio);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, edgeCount);
        const arrow = Math.min(7, camera.scale * 7);
        if (arrow > 3.5) {
          begin(arrows, camera, size, ratio);
          gl.uniform1f(arrows.at.get('arrow')!, arrow);
          gl.drawArraysInstanced(gl.TRIANGLES, 0, 3, edgeCount);
        }
      }
      if (nodeCount > 0) {
        begin(nodes, camera, size, ratio);
        gl.uniform3f(nodes.at.get('paper')!, ...palette.paper);
        gl.uniform3f(nodes.at.get('mark')!, ...palette.mark);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, nodeCount);
      }
      gl.bindVertexArray(null);
    },
    [Symbol.dispose]() {
      gl.getExtension('WEBGL_lose_context')?.loseContext();
    },
  };
}
