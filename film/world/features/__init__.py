"""The network whose maps stand in for those of a ResNet, and how it is taught."""
