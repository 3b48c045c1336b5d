/** All special functions under one name, for tests that go through a table of them. */
import { softplus } from '../../src/numeric/exponential.js';
import * as elementary from '../../src/numeric/special/elementary.js';
import * as gamma from '../../src/numeric/special/gamma.js';
import * as errorFunction from '../../src/numeric/special/errorFunction.js';
import * as normal from '../../src/numeric/special/normal.js';
import * as countMasses from '../../src/numeric/special/countMasses.js';
import * as incompleteGamma from '../../src/numeric/special/incompleteGamma.js';
import * as incompleteBeta from '../../src/numeric/special/incompleteBeta.js';
import * as student from '../../src/numeric/special/student.js';
import * as shapeDerivatives from '../../src/numeric/special/shapeDerivatives.js';
import * as countQuantiles from '../../src/numeric/special/countQuantiles.js';

export const special = {
  softplus,
  ...elementary,
  ...gamma,
  ...errorFunction,
  ...normal,
  ...countMasses,
  ...incompleteGamma,
  ...incompleteBeta,
  ...student,
  ...shapeDerivatives,
  ...countQuantiles,
};
