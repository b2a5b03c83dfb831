"""The endpoint written by hand: the same requests without GraphQL, by somebody who knew each of them beforehand."""
