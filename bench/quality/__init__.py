"""How well the models rank: public splits, hyper-parameters searched on a part of train, intervals beside figures."""
