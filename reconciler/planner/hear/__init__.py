"""What a workspace's own container says of itself: whom to listen to, what is meant, what is worth telling.

The words come from containers and from an annotation that anybody may edit: all of them are read with care.
"""
