/** A module of workers that throws. */

throw new Error("this module is broken");
