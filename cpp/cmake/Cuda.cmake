# The extension module of the wheel tastemaker-cuda, where there is a CUDA compiler. Nothing else needs one.
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "TASTEMAKER_CUDA needs CUDA's compiler, nvcc; set CUDACXX where it is not in the PATH")
endif()

# Every generation from Turing on that the compiler knows, and PTX for those to come.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-arch OUTPUT_VARIABLE known)
  string(REGEX MATCHALL "[0-9]+" known "${known}")
  set(wanted 75 80 86 89 90 100 120)
  foreach(architecture IN LISTS wanted)
    if(architecture IN_LIST known)
      list(APPEND CMAKE_CUDA_ARCHITECTURES ${architecture}-real)
      set(newest ${architecture})
    endif()
  endforeach()
  list(APPEND CMAKE_CUDA_ARCHITECTURES ${newest}-virtual)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
enable_language(CUDA)

set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 CONFIG REQUIRED)
add_library(tastemaker_cuda_kernels STATIC cpp/cuda/probe.cu cpp/cuda/recommend.cu cpp/cuda/solve.cu cpp/cuda/tables.cu)
target_include_directories(tastemaker_cuda_kernels PUBLIC cpp)
# What ptxas says of registers and spills; tools/check_cuda_budget.py reads it.
target_compile_options(tastemaker_cuda_kernels PRIVATE -Xptxas=-v)
set_target_properties(tastemaker_cuda_kernels PROPERTIES
  POSITION_INDEPENDENT_CODE ON CUDA_RUNTIME_LIBRARY Static CUDA_VISIBILITY_PRESET hidden)

pybind11_add_module(_cuda MODULE src/cuda_module.cpp)
target_compile_features(_cuda PRIVATE cxx_std_20)
target_link_libraries(_cuda PRIVATE tastemaker_cuda_kernels)
set_target_properties(_cuda PROPERTIES CUDA_RUNTIME_LIBRARY Static)
tastemaker_warnings(_cuda)
install(TARGETS _cuda LIBRARY DESTINATION tastemaker_cuda)
