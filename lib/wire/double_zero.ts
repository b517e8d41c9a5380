/**
 * The 0 of fields that later hold more than small integers.
 *
 * @module
 */

/**
 * A 0 that V8 keeps as a double. A field that begins with the integer 0 has
 * another representation once it holds a fraction, or 2³¹ and more. The first
 * object in which that happens changes the shape of all of its class, and V8
 * throws away what it has compiled for them, in the midst of traffic. So fields
 * for times, rates, and counts without an end begin with this, and so does each
 * field that is assigned from one of these. Users and functions of the runtime
 * must not see it: add 0, or use `>>> 0`.
 */
export const DOUBLE_ZERO = -0;
