"""The report of `relcheck map`: the effect of one upset, tensor by tensor."""
