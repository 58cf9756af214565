"""A fake kubelet: nodes that are Ready, pods that run as soon as they are bound, and the ways they fail.

Nothing runs in its pods; a real kube-apiserver, its controllers and its scheduler cannot tell.
"""
