// Positions live in a texture, so a step of the layout is one upload and neither nodes nor edges are touched.
const common = `#version 300 es
precision highp float;
precision highp int;
uniform highp sampler2D places;
uniform vec2 middle;
uniform float scale;
uniform vec2 view;
uniform float ratio;
vec2 place(uint index) { return texelFetch(places, ivec2(int(index) & 1023, int(index) >> 10), 0).xy; }
vec2 pixels(uint index) { return (place(index) - middle) * scale; }
vec4 clip(vec2 at) { return vec4(at.x * 2.0 / view.x, -at.y * 2.0 / view.y, 0.0, 1.0); }
`;

/** Discs: a quad an instance, the circle drawn by distance, with a rim in the colour of the paper that keeps neighbours apart. */
export const nodeVertex = `${common}
uniform float nodeScale;
in vec2 corner;
in float radius;
in vec4 colour;
in float rim;
out vec2 offset;
out float size;
out vec4 fill;
out float ring;
void main() {
  size = radius * nodeScale;
  float reach = size + 5.0;
  offset = corner * reach;
  fill = colour;
  ring = rim;
  gl_Position = clip(pixels(uint(gl_InstanceID)) + offset);
}`;

export const nodeFragment = `#version 300 es
precision highp float;
uniform float ratio;
uniform vec3 paper;
uniform vec3 mark;
in vec2 offset;
in float size;
in vec4 fill;
in float ring;
out vec4 colour;
void main() {
  float soft = 0.75 / ratio;
  float away = length(offset);
  float disc = 1.0 - smoothstep(size - soft, size + soft, away);
  float gap = 1.0 - smoothstep(size + 1.2 - soft, size + 1.2 + soft, away);
  float chosen = ring * (1.0 - smoothstep(size + 3.6 - soft, size + 3.6 + soft, away));
  vec3 under = mix(paper, mark, chosen > 0.0 ? chosen * (1.0 - gap) : 0.0);
  float cover = max(gap, chosen) * max(fill.a, ring);
  if (cover < 0.004) discard;
  vec3 tint = mix(under, fill.rgb, disc);
  colour = vec4(tint * cover, cover);
}`;

/** Lines: a quad an instance between two places, soft at its sides. */
export const edgeVertex = `${common}
in vec2 corner;
in uvec2 ends;
in vec4 colour;
in float width;
out float across;
out float half_width;
out vec4 fill;
void main() {
  vec2 a = pixels(ends.x);
  vec2 b = pixels(ends.y);
  vec2 along = b - a;
  float span = max(length(along), 1e-4);
  vec2 side = vec2(-along.y, along.x) / span;
  half_width = width * 0.5;
  across = corner.y * (half_width + 1.0);
  fill = colour;
  gl_Position = clip(mix(a, b, corner.x * 0.5 + 0.5) + side * across);
}`;

export const edgeFragment = `#version 300 es
precision highp float;
uniform float ratio;
in float across;
in float half_width;
in vec4 fill;
out vec4 colour;
void main() {
  float soft = 0.75 / ratio;
  float cover = (1.0 - smoothstep(half_width - soft, half_width + soft, abs(across))) * fill.a;
  colour = vec4(fill.rgb * cover, cover);
}`;

/** Arrow heads at the rim of the target. */
export const arrowVertex = `${common}
uniform float nodeScale;
uniform float arrow;
in vec2 corner;
in uvec2 ends;
in vec4 colour;
in float width;
in float targetRadius;
out vec4 fill;
void main() {
  vec2 a = pixels(ends.x);
  vec2 b = pixels(ends.y);
  vec2 along = b - a;
  float span = max(length(along), 1e-4);
  vec2 forward = along / span;
  vec2 side = vec2(-forward.y, forward.x);
  float rim = targetRadius * nodeScale + 2.0;
  float size = arrow + width;
  float shown = step(rim + size * 2.0, span);
  vec2 at = b - forward * (rim + size * (corner.x > 0.0 ? 0.0 : 1.0)) + side * corner.y * size * 0.5 * (corner.x > 0.0 ? 0.0 : 1.0);
  fill = colour * shown;
  gl_Position = clip(at);
}`;

export const arrowFragment = `#version 300 es
precision highp float;
in vec4 fill;
out vec4 colour;
void main() {
  if (fill.a < 0.01) discard;
  colour = vec4(fill.rgb * fill.a, fill.a);
}`;
