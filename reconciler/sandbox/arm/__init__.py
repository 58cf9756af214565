"""An ARM API for one AKS cluster, as the real SDK meets it: agent pools, operations, VM sizes, quota."""
