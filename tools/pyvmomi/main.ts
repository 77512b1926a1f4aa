import { printFolder } from "../engine/command.js";
import { findPyvmomi } from "./find.js";

const HELP = `Usage: npx tsx tools/pyvmomi/main.ts

Finds a Python that has pyvmomi, or makes one with python3 and its venv, and prints the folder of this virtual environment.
What takes time is told on standard error.

The version is that of tools/pyvmomi/requirements.txt.
The cache is ~/.cache/pulumi-esxi-iser/pyvmomi (XDG_CACHE_HOME; ESXI_ISER_PYVMOMI_CACHE overrides).
`;

void printFolder(HELP, findPyvmomi);
