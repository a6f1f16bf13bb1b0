import { takeToken } from './api.ts';

// Before anything reads the address.
takeToken();
