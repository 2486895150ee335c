# udf/tool/infer_write.c: the layout does not accept updates
s/\\"r\\", \\"u\\", \\"d\\"/\\"r\\", \\"d\\"/
